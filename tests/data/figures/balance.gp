set terminal svg size 567,635 fixed enhanced font 'Helvetica,13.3' background '#ffffff'
set encoding utf8
set multiplot
reset
set margins screen 0.1477, screen 0.96237, screen 0.60585, screen 0.98529
set border 3 linecolor rgb '#555555' linewidth 0.7
set tics nomirror out scale 0.5,0.25 textcolor rgb '#222222'
set grid back linetype 1 linecolor rgb '#e8e8e8' linewidth 0.6
unset key
set label 3 'test_loss' at screen 0.01999,0.79557 center rotate by 90 noenhanced textcolor rgb '#222222'
set logscale x
set xrange [0.0090125:0.35506]
set xtics ('0.01' 0.01, '0.02' 0.02, '0.04' 0.04, '0.08' 0.08, '0.16' 0.16, '0.32' 0.32) noenhanced
set logscale y
set yrange [9.0019e-05:0.0038301]
set ytics ('0.0001' 0.0001, '0.0002' 0.0002, '0.0005' 0.0005, '0.001' 0.001, '0.002' 0.002, '' 0.0003 1, '' 0.0004 1, '' 0.0006 1, '' 0.0007 1, '' 0.0008 1, '' 0.0009 1, '' 0.003 1) noenhanced
unset colorbox
set object 1 rectangle from 0.070595,graph 0 to 0.07284,graph 1 behind fillcolor rgb '#0072b2' fillstyle transparent solid 0.12 noborder
set arrow 2 from 0.071708,graph 0 to 0.071708,graph 1 nohead back linecolor rgb '#0072b2' linewidth 1.2 dashtype (6,4)
set label 101 'median of 3 networks; no 95 % interval of the median of 3 values: it takes 6' at screen 0.01881,0.06201 left noenhanced textcolor rgb '#555555' font ',10.9'
set label 102 'small dots: single networks' at screen 0.01881,0.03876 left noenhanced textcolor rgb '#555555' font ',10.9'
set label 103 'balance at 0.0717 [0.0706, 0.0728]' at screen 0.01881,0.0155 left noenhanced textcolor rgb '#555555' font ',10.9'
$series1_1 << EOD
0.01 0.0001001 0.0001001 0.0001001
0.01 0.0001011 0.0001011 0.0001011
0.01 0.0001021 0.0001021 0.0001021
0.02 0.0001008 0.0001008 0.0001008
0.02 0.00010181 0.00010181 0.00010181
0.02 0.00010282 0.00010282 0.00010282
0.04 0.0001064 0.0001064 0.0001064
0.04 0.00010746 0.00010746 0.00010746
0.04 0.00010853 0.00010853 0.00010853
0.08 0.0001512 0.0001512 0.0001512
0.08 0.00015271 0.00015271 0.00015271
0.08 0.00015422 0.00015422 0.00015422
0.16 0.0005096 0.0005096 0.0005096
0.16 0.0005147 0.0005147 0.0005147
0.16 0.00051979 0.00051979 0.00051979
0.32 0.0033768 0.0033768 0.0033768
0.32 0.0034106 0.0034106 0.0034106
0.32 0.0034443 0.0034443 0.0034443
EOD
$series1_2 << EOD
0.01 0.0001011 0.0001011 0.0001011
0.02 0.00010181 0.00010181 0.00010181
0.04 0.00010746 0.00010746 0.00010746
0.08 0.00015271 0.00015271 0.00015271
0.16 0.0005147 0.0005147 0.0005147
0.32 0.0034106 0.0034106 0.0034106
EOD
plot $series1_1 using 1:2 with points linecolor rgb '#0072b2' pointtype 7 pointsize 0.28, \
     $series1_2 using 1:2 with linespoints linetype 1 linecolor rgb '#0072b2' linewidth 1.5 pointtype 7 pointsize 0.4
reset
set margins screen 0.1477, screen 0.96237, screen 0.16232, screen 0.54177
set border 3 linecolor rgb '#555555' linewidth 0.7
set tics nomirror out scale 0.5,0.25 textcolor rgb '#222222'
set grid back linetype 1 linecolor rgb '#e8e8e8' linewidth 0.6
unset key
set label 2 'noise.strength' at screen 0.55503,0.09825 center noenhanced textcolor rgb '#222222'
set label 3 'gap_live_layer1' at screen 0.01999,0.35205 center rotate by 90 noenhanced textcolor rgb '#222222'
set logscale x
set xrange [0.0090125:0.35506]
set xtics ('0.01' 0.01, '0.02' 0.02, '0.04' 0.04, '0.08' 0.08, '0.16' 0.16, '0.32' 0.32) noenhanced
set yrange [0.2:0.9]
set ytics ('0.2' 0.2, '0.4' 0.4, '0.6' 0.6, '0.8' 0.8) noenhanced
unset colorbox
set object 1 rectangle from 0.070595,graph 0 to 0.07284,graph 1 behind fillcolor rgb '#0072b2' fillstyle transparent solid 0.12 noborder
set arrow 2 from 0.071708,graph 0 to 0.071708,graph 1 nohead back linecolor rgb '#0072b2' linewidth 1.2 dashtype (6,4)
$series2_1 << EOD
0.01 0.22143 0.22143 0.22143
0.01 0.22243 0.22243 0.22243
0.01 0.22343 0.22343 0.22343
0.02 0.33714 0.33714 0.33714
0.02 0.33814 0.33814 0.33814
0.02 0.33914 0.33914 0.33914
0.04 0.62198 0.62198 0.62198
0.04 0.62298 0.62298 0.62298
0.04 0.62398 0.62398 0.62398
0.08 0.76994 0.76994 0.76994
0.08 0.77094 0.77094 0.77094
0.08 0.77194 0.77194 0.77194
0.16 0.79607 0.79607 0.79607
0.16 0.79707 0.79707 0.79707
0.16 0.79807 0.79807 0.79807
0.32 0.79951 0.79951 0.79951
0.32 0.80051 0.80051 0.80051
0.32 0.80151 0.80151 0.80151
EOD
$series2_2 << EOD
0.01 0.22243 0.22243 0.22243
0.02 0.33814 0.33814 0.33814
0.04 0.62298 0.62298 0.62298
0.08 0.77094 0.77094 0.77094
0.16 0.79707 0.79707 0.79707
0.32 0.80051 0.80051 0.80051
EOD
plot $series2_1 using 1:2 with points linecolor rgb '#0072b2' pointtype 7 pointsize 0.28, \
     $series2_2 using 1:2 with linespoints linetype 1 linecolor rgb '#0072b2' linewidth 1.5 pointtype 7 pointsize 0.4
unset multiplot
