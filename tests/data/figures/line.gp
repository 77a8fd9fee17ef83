set terminal svg size 567,653 fixed enhanced font 'Helvetica,13.3' background '#ffffff'
set encoding utf8
set multiplot
reset
set margins screen 0.11359, screen 0.96237, screen 0.54351, screen 0.91222
set border 3 linecolor rgb '#555555' linewidth 0.7
set tics nomirror out scale 0.5,0.25 textcolor rgb '#222222'
set grid back linetype 1 linecolor rgb '#e8e8e8' linewidth 0.6
unset key
set label 3 'test_loss' at screen 0.01999,0.72787 center rotate by 90 noenhanced textcolor rgb '#222222'
set logscale x
set xrange [8.827:725.05]
set xtics ('10' 10, '20' 20, '40' 40, '80' 80, '160' 160, '320' 320, '640' 640) noenhanced
set logscale y
set yrange [0.001379:0.11387]
set ytics ('10^{-2}' 0.01, '10^{-1}' 0.1, '' 0.002 1, '' 0.003 1, '' 0.004 1, '' 0.005 1, '' 0.006 1, '' 0.007 1, '' 0.008 1, '' 0.009 1, '' 0.02 1, '' 0.03 1, '' 0.04 1, '' 0.05 1, '' 0.06 1, '' 0.07 1, '' 0.08 1, '' 0.09 1) enhanced
unset colorbox
set label 100 'noise.exponent' at screen 0.11359,0.97739 left noenhanced textcolor rgb '#222222'
set key at screen 0.11359,0.96224 left top Left reverse horizontal maxcols 2 noenhanced noautotitle samplen 1.6 spacing 1.1 textcolor rgb '#222222'
set label 101 'median of 6 networks; band: 95 % interval (order statistics)' at screen 0.01881,0.01506 left noenhanced textcolor rgb '#555555' font ',10.9'
$series1_1 << EOD
10 0.10025 0.1 0.1005
20 0.050125 0.05 0.05025
40 0.025063 0.025 0.025125
80 0.012531 0.0125 0.012563
160 0.0062656 0.00625 0.0062813
320 0.0031328 0.003125 0.0031406
640 0.0015664 0.0015625 0.0015703
EOD
$series1_2 << EOD
10 0.10025 0.1 0.1005
20 0.050125 0.05 0.05025
40 0.025063 0.025 0.025125
80 0.012531 0.0125 0.012563
160 0.0062656 0.00625 0.0062813
320 0.0031328 0.003125 0.0031406
640 0.0015664 0.0015625 0.0015703
EOD
plot $series1_1 using 1:3:4 with filledcurves linecolor rgb '#0072b2' fillstyle transparent solid 0.2 noborder, \
     $series1_2 using 1:3:4 with filledcurves linecolor rgb '#d55e00' fillstyle transparent solid 0.2 noborder, \
     $series1_1 using 1:2 with linespoints linetype 1 linecolor rgb '#0072b2' linewidth 1.5 pointtype 7 pointsize 0.4, \
     $series1_2 using 1:2 with linespoints linetype 1 linecolor rgb '#d55e00' linewidth 1.5 pointtype 7 pointsize 0.4, \
     keyentry with linespoints linetype 1 linecolor rgb '#0072b2' linewidth 1.5 pointtype 7 pointsize 0.4 title '0', \
     keyentry with linespoints linetype 1 linecolor rgb '#d55e00' linewidth 1.5 pointtype 7 pointsize 0.4 title '2'
reset
set margins screen 0.11359, screen 0.96237, screen 0.11254, screen 0.48125
set border 3 linecolor rgb '#555555' linewidth 0.7
set tics nomirror out scale 0.5,0.25 textcolor rgb '#222222'
set grid back linetype 1 linecolor rgb '#e8e8e8' linewidth 0.6
unset key
set label 2 'task.train_samples' at screen 0.53798,0.05028 center noenhanced textcolor rgb '#222222'
set label 3 'gap_live_layer1' at screen 0.01999,0.29689 center rotate by 90 noenhanced textcolor rgb '#222222'
set logscale x
set xrange [8.827:725.05]
set xtics ('10' 10, '20' 20, '40' 40, '80' 80, '160' 160, '320' 320, '640' 640) noenhanced
set yrange [0:0.7]
set ytics ('0' 0, '0.2' 0.2, '0.4' 0.4, '0.6' 0.6) noenhanced
unset colorbox
$series2_1 << EOD
10 0.099442 0.090024 0.10993
20 0.099679 0.09133 0.10951
40 0.10539 0.096932 0.11461
80 0.18316 0.17254 0.19216
160 0.47914 0.47004 0.4898
320 0.59093 0.58042 0.6003
640 0.60009 0.59111 0.60836
EOD
$series2_2 << EOD
10 0.099803 0.090386 0.11029
20 0.10539 0.097042 0.11523
40 0.18177 0.17331 0.19098
80 0.48051 0.46988 0.48951
160 0.58963 0.58052 0.60028
320 0.60001 0.5895 0.60938
640 0.60067 0.59169 0.60894
EOD
plot $series2_1 using 1:3:4 with filledcurves linecolor rgb '#0072b2' fillstyle transparent solid 0.2 noborder, \
     $series2_2 using 1:3:4 with filledcurves linecolor rgb '#d55e00' fillstyle transparent solid 0.2 noborder, \
     $series2_1 using 1:2 with linespoints linetype 1 linecolor rgb '#0072b2' linewidth 1.5 pointtype 7 pointsize 0.4, \
     $series2_2 using 1:2 with linespoints linetype 1 linecolor rgb '#d55e00' linewidth 1.5 pointtype 7 pointsize 0.4
unset multiplot
