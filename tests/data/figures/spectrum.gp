set terminal svg size 918,449 fixed enhanced font 'Helvetica,13.3' background '#ffffff'
set encoding utf8
set multiplot
reset
set margins screen 0.06591, screen 0.48766, screen 0.16387, screen 0.77855
set border 3 linecolor rgb '#555555' linewidth 0.7
set tics nomirror out scale 0.5,0.25 textcolor rgb '#222222'
set grid back linetype 1 linecolor rgb '#e8e8e8' linewidth 0.6
unset key
set title 'layer 1' noenhanced offset 0,-0.4 textcolor rgb '#222222'
set label 2 'index' at screen 0.27678,0.07321 center noenhanced textcolor rgb '#222222'
set label 3 'eigenvalue' at screen 0.01234,0.47121 center rotate by 90 noenhanced textcolor rgb '#222222'
set xrange [0:4]
set xtics ('0' 0, '1' 1, '2' 2, '3' 3, '4' 4) noenhanced
set yrange [0:1.05]
set ytics ('0' 0, '0.2' 0.2, '0.4' 0.4, '0.6' 0.6, '0.8' 0.8, '1' 1) noenhanced
unset colorbox
set label 100 'noise.strength' at screen 0.06591,0.96708 left noenhanced textcolor rgb '#222222'
set key at screen 0.06591,0.94501 left top Left reverse horizontal maxcols 3 noenhanced noautotitle samplen 1.6 spacing 1.1 textcolor rgb '#222222'
set label 101 'median of 3 networks; no 95 % interval of the median of 3 values: it takes 6; live units' at screen 0.01161,0.02194 left noenhanced textcolor rgb '#555555' font ',10.9'
$series1_1 << EOD
1 0 0 0
2 0.77757 0.77757 0.77757
3 1 1 1
EOD
$series1_2 << EOD
1 0 0 0
2 0.66186 0.66186 0.66186
3 1 1 1
EOD
$series1_3 << EOD
1 0 0 0
2 0.37702 0.37702 0.37702
3 1 1 1
EOD
$series1_4 << EOD
1 0 0 0
2 0.22906 0.22906 0.22906
3 1 1 1
EOD
$series1_5 << EOD
1 0 0 0
2 0.20293 0.20293 0.20293
3 1 1 1
EOD
$series1_6 << EOD
1 0 0 0
2 0.19949 0.19949 0.19949
3 1 1 1
EOD
plot $series1_1 using 1:2 with linespoints linetype 1 linecolor rgb '#0072b2' linewidth 1.5 pointtype 7 pointsize 0.4, \
     $series1_2 using 1:2 with linespoints linetype 1 linecolor rgb '#d55e00' linewidth 1.5 pointtype 7 pointsize 0.4, \
     $series1_3 using 1:2 with linespoints linetype 1 linecolor rgb '#009e73' linewidth 1.5 pointtype 7 pointsize 0.4, \
     $series1_4 using 1:2 with linespoints linetype 1 linecolor rgb '#cc79a7' linewidth 1.5 pointtype 7 pointsize 0.4, \
     $series1_5 using 1:2 with linespoints linetype 1 linecolor rgb '#e69f00' linewidth 1.5 pointtype 7 pointsize 0.4, \
     $series1_6 using 1:2 with linespoints linetype 1 linecolor rgb '#56b4e9' linewidth 1.5 pointtype 7 pointsize 0.4, \
     keyentry with linespoints linetype 1 linecolor rgb '#0072b2' linewidth 1.5 pointtype 7 pointsize 0.4 title '0.01', \
     keyentry with linespoints linetype 1 linecolor rgb '#d55e00' linewidth 1.5 pointtype 7 pointsize 0.4 title '0.02', \
     keyentry with linespoints linetype 1 linecolor rgb '#009e73' linewidth 1.5 pointtype 7 pointsize 0.4 title '0.04', \
     keyentry with linespoints linetype 1 linecolor rgb '#cc79a7' linewidth 1.5 pointtype 7 pointsize 0.4 title '0.08', \
     keyentry with linespoints linetype 1 linecolor rgb '#e69f00' linewidth 1.5 pointtype 7 pointsize 0.4 title '0.16', \
     keyentry with linespoints linetype 1 linecolor rgb '#56b4e9' linewidth 1.5 pointtype 7 pointsize 0.4 title '0.32'
reset
set margins screen 0.55502, screen 0.97677, screen 0.16387, screen 0.77855
set border 3 linecolor rgb '#555555' linewidth 0.7
set tics nomirror out scale 0.5,0.25 textcolor rgb '#222222'
set grid back linetype 1 linecolor rgb '#e8e8e8' linewidth 0.6
unset key
set title 'layer 2' noenhanced offset 0,-0.4 textcolor rgb '#222222'
set label 2 'index' at screen 0.7659,0.07321 center noenhanced textcolor rgb '#222222'
set xrange [0:3]
set xtics ('0' 0, '1' 1, '2' 2, '3' 3) noenhanced
set yrange [0:1.05]
set ytics ('0' 0, '0.2' 0.2, '0.4' 0.4, '0.6' 0.6, '0.8' 0.8, '1' 1) noenhanced
unset colorbox
$series2_1 << EOD
1 0 0 0
2 0.5 0.5 0.5
EOD
$series2_2 << EOD
1 0 0 0
2 0.5 0.5 0.5
EOD
$series2_3 << EOD
1 0 0 0
2 0.5 0.5 0.5
EOD
$series2_4 << EOD
1 0 0 0
2 0.5 0.5 0.5
EOD
$series2_5 << EOD
1 0 0 0
2 0.5 0.5 0.5
EOD
$series2_6 << EOD
1 0 0 0
2 0.5 0.5 0.5
EOD
plot $series2_1 using 1:2 with linespoints linetype 1 linecolor rgb '#0072b2' linewidth 1.5 pointtype 7 pointsize 0.4, \
     $series2_2 using 1:2 with linespoints linetype 1 linecolor rgb '#d55e00' linewidth 1.5 pointtype 7 pointsize 0.4, \
     $series2_3 using 1:2 with linespoints linetype 1 linecolor rgb '#009e73' linewidth 1.5 pointtype 7 pointsize 0.4, \
     $series2_4 using 1:2 with linespoints linetype 1 linecolor rgb '#cc79a7' linewidth 1.5 pointtype 7 pointsize 0.4, \
     $series2_5 using 1:2 with linespoints linetype 1 linecolor rgb '#e69f00' linewidth 1.5 pointtype 7 pointsize 0.4, \
     $series2_6 using 1:2 with linespoints linetype 1 linecolor rgb '#56b4e9' linewidth 1.5 pointtype 7 pointsize 0.4
unset multiplot
